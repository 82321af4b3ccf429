// Module OnexKafka
