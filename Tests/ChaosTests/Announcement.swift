import Glibc

/// What a run says on its way. A seed must be on the screen also when nothing comes after it.
enum Announcement {
  static func say(_ text: String) {
    print(text)
    fflush(nil)
  }
}
