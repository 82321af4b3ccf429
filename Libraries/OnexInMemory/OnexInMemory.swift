// Module OnexInMemory
