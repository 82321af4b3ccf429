// Module OnexHTTP
