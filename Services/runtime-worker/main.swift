import OnexCompute
import OnexRuntime

RuntimeWorker.run(handlers: ComputeHandlers.all)
