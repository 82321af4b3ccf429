// Module OnexRuntime
