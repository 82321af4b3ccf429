import OnexEffects
import OnexHTTP
import OnexRuntime

RuntimeEffects.run(handlers: EffectHandlers.all) { CurlHTTPClient() }
