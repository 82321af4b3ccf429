import OnexRuntime

RuntimeWorker.run(handlers: [Greet.self])
