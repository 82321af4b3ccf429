// Module OnexTestSupport
