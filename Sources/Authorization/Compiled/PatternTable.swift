/// Patterns by number, in arrays that all of them share: then looking at one counts no references.
struct PatternTable: Sendable {
  private struct Entry: Sendable {
    let choices: Range<Int>
    let firstClass: Int
  }

  private var elements: [Pattern.Element] = []
  private var choices: [Range<Int>] = []
  private var classes: [CharacterClass] = []
  private var entries: [Entry] = []

  /// Adds a pattern and returns its number.
  mutating func add(_ pattern: Pattern) -> Int {
    let first = choices.count
    for choice in pattern.choices {
      choices.append(elements.count..<elements.count + choice.count)
      elements += choice
    }
    entries.append(Entry(choices: first..<choices.count, firstClass: classes.count))
    classes += pattern.classes
    return entries.count - 1
  }

  func matches(_ number: Int, _ text: Span<UInt8>) -> Bool {
    let entry = entries[number]
    for choice in entry.choices
    where PatternWalk.matches(text, elements, choices[choice], classes, firstClass: entry.firstClass) {
      return true
    }
    return false
  }
}
