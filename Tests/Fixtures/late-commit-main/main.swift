import OnexRuntime

// `runtime-main` with its commit order broken on purpose.
RuntimeMain.run { LateStore($0) }
