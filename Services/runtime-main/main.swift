import OnexCompute
import OnexEffects
import OnexHTTP
import OnexRuntime

RuntimeMain.run(embedded: ComputeHandlers.all + EffectHandlers.all) { CurlHTTPClient() }
