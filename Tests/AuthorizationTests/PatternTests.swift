import Testing

@testable import Authorization

/// The tables are casbin's, where it has one for the function.
@Suite("Authorization: patterns")
struct PatternTests {
  private static func matching(_ kind: Pattern.Kind, _ text: String, of values: [String]) throws -> [String] {
    let pattern = try Pattern(kind, text)
    return values.filter { pattern.matches($0.utf8.span) }
  }

  private static let paths = ["/foo", "/foo/bar", "/foobar"]

  @Test(
    "keyMatch: equal, or up to the first star",
    arguments: [
      ("/foo", ["/foo"]), ("/foo*", ["/foo", "/foo/bar", "/foobar"]), ("/foo/*", ["/foo/bar"]), ("*", paths),
      ("/foo*/no/matter", ["/foo", "/foo/bar", "/foobar"]), ("", []),
    ] as [(String, [String])])
  func keyMatch(pattern: String, matching: [String]) throws {
    #expect(try Self.matching(.keyMatch, pattern, of: Self.paths) == matching)
  }

  @Test(
    "keyMatch2: components by name, and everything behind a slash",
    arguments: [
      ("/foo", ["/foo", "/foo/bar", "/foobar"], ["/foo"]),
      ("/foo/*", ["/foo", "/foo/", "/foo/bar", "/foobar", "/foo/bar/baz"], ["/foo/", "/foo/bar", "/foo/bar/baz"]),
      ("/:resource", ["/", "/resource1", "/a/b"], ["/resource1"]),
      ("/:id/using/:resId", ["/myid", "/myid/using/myresid", "/myid/using/"], ["/myid/using/myresid"]),
      (
        "/proxy/:id/*", ["/proxy/myid", "/proxy/myid/", "/proxy/myid/res", "/proxy/myid/res/res2/res3", "/proxy/"],
        ["/proxy/myid/", "/proxy/myid/res", "/proxy/myid/res/res2/res3"]
      ),
      ("/:id/all", ["/alice/all", "/alice", "/alice/b/all"], ["/alice/all"]),
      ("/:/all", ["/alice/all", "/:/all"], ["/:/all"]),
      ("/*/end/:x", ["/a/end/b", "/end/b", "/a/end/end/b", "/a/end/b/c"], ["/a/end/b", "/a/end/end/b"]),
    ])
  func keyMatch2(pattern: String, values: [String], matching: [String]) throws {
    #expect(try Self.matching(.keyMatch2, pattern, of: values) == matching)
  }

  private static let globbed = [
    "/foo", "/foo/bar", "/foobar", "/prefix/foo", "/prefix/foo/bar", "/prefix/foobar", "/prefix/subprefix/foo",
    "/prefix/subprefix/foo/bar", "/prefix/subprefix/foobar",
  ]

  @Test(
    "globMatch: stars within a component, two of them over components",
    arguments: [
      ("/foo", ["/foo"]), ("/foo*", ["/foo", "/foobar"]), ("/foo/*", ["/foo/bar"]), ("*/foo", ["/foo"]),
      ("*/foo*", ["/foo", "/foobar"]), ("*/foo/*", ["/foo/bar"]),
      ("**/foo", ["/foo", "/prefix/foo", "/prefix/subprefix/foo"]),
      (
        "**/foo**",
        ["/foo", "/foobar", "/prefix/foo", "/prefix/foobar", "/prefix/subprefix/foo", "/prefix/subprefix/foobar"]
      ),
      (
        "**/foo/**",
        [
          "/foo", "/foo/bar", "/prefix/foo", "/prefix/foo/bar", "/prefix/subprefix/foo", "/prefix/subprefix/foo/bar",
        ]
      ),
      ("*/foo**", ["/foo", "/foobar"]), ("*/foo/**", ["/foo", "/foo/bar"]),
      ("**/foo/*", ["/foo/bar", "/prefix/foo/bar", "/prefix/subprefix/foo/bar"]), ("**", globbed),
      ("/prefix/**/foo", ["/prefix/foo", "/prefix/subprefix/foo"]),
      ("/**/*bar", globbed.filter { $0.hasSuffix("bar") }),
      ("/{foo,prefix}/{bar,foo}", ["/foo/bar", "/prefix/foo"]), ("/{foo{,bar},none}", ["/foo", "/foobar"]),
    ])
  func globMatch(pattern: String, matching: [String]) throws {
    #expect(try Self.matching(.globMatch, pattern, of: Self.globbed) == matching)
  }

  @Test(
    "globMatch: single characters, classes, quoted ones",
    arguments: [
      ("?", ["a", "é", "/", "ab", "日"], ["a", "é", "日"]), ("[a-cx]", ["a", "c", "d", "x", "-"], ["a", "c", "x"]),
      ("[^a-c]", ["a", "d", "/", "é"], ["d", "é"]), ("[!é]", ["é", "e"], ["e"]), ("[à-ü]x", ["éx", "ax"], ["éx"]),
      ("[\\]\\-]", ["]", "-", "\\"], ["]", "-"]), ("\\*\\{a", ["*{a", "x{a"], ["*{a"]),
      ("\\?[*]", ["?*", "a*", "?a"], ["?*"]),
      ("a*b*c", ["abc", "aXbXc", "acb", "abcbc", "ab/c"], ["abc", "aXbXc", "abcbc"]),
      ("*é?", ["aéb", "éb", "é"], ["aéb", "éb"]),
    ])
  func characters(pattern: String, values: [String], matching: [String]) throws {
    #expect(try Self.matching(.globMatch, pattern, of: values) == matching)
  }

  @Test(
    "what is no pattern says so",
    arguments: [
      (.globMatch, "a{b", "a '{' of the glob 'a{b' is not closed"), (.globMatch, "a\\", "the glob 'a\\' ends in '\\'"),
      (.globMatch, "[", "a class of the glob '[' is empty, not closed or out of order"),
      (.globMatch, "[]", "a class of the glob '[]' is empty, not closed or out of order"),
      (.globMatch, "[z-a]", "a class of the glob '[z-a]' is empty, not closed or out of order"),
      (.globMatch, "a/**/", "the glob 'a/**/' ends in '**/'"),
      (
        .globMatch, String(repeating: "{a,b}", count: 7),
        "the glob '\(String(repeating: "{a,b}", count: 7))' stands for more than 64 patterns"
      ), (.keyMatch2, "/a.b", "'.' in the keyMatch2 pattern '/a.b' is part of a regular expression in casbin"),
      (.keyMatch2, "/foo*", "'*' in the keyMatch2 pattern '/foo*' is part of a regular expression in casbin"),
    ] as [(Pattern.Kind, String, String)])
  func invalid(kind: Pattern.Kind, text: String, problem: String) {
    let error = #expect(throws: Pattern.Invalid.self) { try Pattern(kind, text) }
    #expect(error?.problem == problem)
  }

  @Test("a pattern made to be slow is not", .timeLimit(.minutes(1)))
  func worstCase() throws {
    let value = String(repeating: "a", count: 5000)
    for pattern in [String(repeating: "*a", count: 200) + "b", String(repeating: "**/*a", count: 100) + "b"] {
      #expect(try Self.matching(.globMatch, pattern, of: [value]).isEmpty)
    }
  }
}
