// Module OnexTopics
