// Module OnexObservability
