import OnexCompute
import OnexControl
import OnexEffects

await OnexControl.main(handlers: ComputeHandlers.all + EffectHandlers.all)
