import Glibc
import OnexService
import OnexTopics

let arguments = Array(CommandLine.arguments.dropFirst())
if TopicCatalogueCommand.accepts(arguments) {
  exit(TopicCatalogueCommand.run(arguments, output: StandardStream.output.write, errors: StandardStream.error.write))
}
ServiceHost.main(TopicManager.self)
