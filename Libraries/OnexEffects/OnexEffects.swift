// Module OnexEffects
