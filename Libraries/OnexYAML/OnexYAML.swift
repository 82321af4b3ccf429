// Module OnexYAML
