import OnexCore
import Testing

/// Runs of bytes inside others, and copies that let the originals go.
@Suite struct BytesTests {
  private final class Owner {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 1)

    init() { for index in 0..<16 { memory.storeBytes(of: UInt8(index), toByteOffset: index, as: UInt8.self) } }

    deinit { memory.deallocate() }

    var bytes: Bytes { Bytes(viewing: UnsafeRawBufferPointer(start: memory, count: 16), owner: self) }
  }

  @Test func aSliceIsFoundWhereItLies() {
    let whole = Bytes([1, 2, 3, 4, 5])
    #expect(whole.slice(from: 2, count: 3).offset(in: whole) == 2)
    #expect(whole.offset(in: whole) == 0)
    #expect(whole.slice(from: 1, count: 2).slice(from: 1, count: 1).offset(in: whole) == 2)
  }

  @Test func whatLiesElsewhereIsNotFound() {
    let whole = Bytes([1, 2, 3, 4, 5])
    let slice = whole.slice(from: 1, count: 3)
    #expect(whole.offset(in: slice) == nil, "the whole is no part of a slice")
    #expect(whole.slice(from: 3, count: 2).offset(in: slice) == nil, "one that reaches beyond")
    #expect(Bytes([2, 3]).offset(in: whole) == nil, "equal bytes in other memory")
    #expect(Bytes.empty.offset(in: whole) == nil)
    #expect(whole.slice(from: 2, count: 0).offset(in: whole) == nil)
    #expect(whole.offset(in: .empty) == nil)
  }

  @Test func joiningCopiesInOrder() {
    #expect(Bytes(joining: [Bytes([1, 2]), .empty, Bytes([3]), Bytes([])]) == Bytes([1, 2, 3]))
    #expect(Bytes(joining: []).isEmpty && Bytes(joining: [.empty, .empty]).isEmpty)
  }

  /// A record that is kept must not keep the fetch buffer that it came in.
  @Test func aCopyLetsItsOwnerGo() {
    weak var owner: Owner?
    let copy: Bytes
    do {
      let made = Owner()
      owner = made
      copy = Bytes(joining: [made.bytes.slice(from: 4, count: 2), made.bytes.slice(from: 0, count: 1)])
      #expect(owner != nil)
    }
    #expect(owner == nil)
    #expect(copy == Bytes([4, 5, 0]))
  }
}
