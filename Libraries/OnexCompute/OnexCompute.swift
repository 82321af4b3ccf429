// Module OnexCompute
