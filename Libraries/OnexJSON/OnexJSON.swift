// Module OnexJSON
