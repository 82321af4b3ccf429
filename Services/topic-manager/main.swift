import OnexTopics

TopicCommandLine.main()
