// Module OnexPluginKit
