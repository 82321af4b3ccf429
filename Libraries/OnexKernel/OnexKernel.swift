// Module OnexKernel
