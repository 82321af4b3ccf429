import Glibc
import OnexService
import OnexTopics

let arguments = Array(CommandLine.arguments.dropFirst())
if TopicCatalogueCommand.accepts(arguments) {
  exit(TopicCatalogueCommand.run(arguments, print: StandardStream.output.write, printError: StandardStream.error.write))
}
ServiceHost.main(TopicManager.self)
