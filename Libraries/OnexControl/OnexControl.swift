// Module OnexControl
