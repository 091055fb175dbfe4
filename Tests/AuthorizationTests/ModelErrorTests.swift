import Authorization
import Testing

/// Models that cannot be used, each with the whole of its message: it is what an operator has to go by.
@Suite("Authorization: models that are refused")
struct ModelErrorTests {
  private static let effects =
    "the effects are 'some(where (p.eft == allow))', '!some(where (p.eft == deny))', "
    + "'some(where (p.eft == allow)) && !some(where (p.eft == deny))', 'priority(p.eft) || deny'"
  private static let sections =
    "the sections are [request_definition], [policy_definition], [role_definition], [policy_effect], [matchers]"

  @Test(
    "in the layer of sections and keys",
    arguments: [
      ("", "model.conf: the model has no r; add a section [request_definition] with r = …"),
      (
        "[request_definition]\nr = sub, obj, act\n",
        "model.conf: the model has no p; add a section [policy_definition] with p = …"
      ),
      ("r = sub, obj, act", "model.conf:1:1: the line stands before any section; begin with [request_definition]"),
      ("[requests]", "model.conf:1:1: there is no section [requests]; \(sections)"),
      (
        " [matchers] # all",
        "model.conf:1:2: the section's line does not end in ']'; write [name] and nothing else on the line"
      ),
      ("[constraint_definition]", "model.conf:1:1: there is no section [constraint_definition]; \(sections)"),
      (
        "[matchers]\n\nm r.sub == p.sub # no sign? There is: ==\nx",
        "model.conf:3:1: [matchers] has no key 'm r.sub'; its one definition is m = …"
      ),
      ("[matchers]\nm", "model.conf:2:1: the line has no '='; write m = …, and end a line that goes on with '\\'"),
      ("[matchers]\nm = # later", "model.conf:2:4: m has no value; write what it is after the '='"),
      ("[matchers]\n  M = a", "model.conf:2:3: [matchers] has no key 'M'; its one definition is m = …"),
      (
        "[matchers]\nm = g(r.sub, p.sub)\nm2 = g(r.sub, p.sub)",
        "model.conf:3:1: 'm2' is a further definition, and decisions are made by r, p, e and m alone; "
          + "bring it into one m, or leave it out"
      ), ("[matchers]\nm = a\nm = b", "model.conf:3:1: m is defined a second time; keep one of the two"),
      ("\u{FEFF}[matchers]", "model.conf:1:1: the file begins with a byte order mark; save it without one"),
      ("[matchers]\nm = a\u{0}b", "model.conf:2:6: the line has a control character (0); remove it"),
      (
        String(repeating: "#", count: 65_537),
        "model.conf: the file has 65537 bytes, more than 65536; make it smaller"
      ),
    ])
  func layer(model: String, message: String) {
    #expect(problem(model: model) == message)
  }

  @Test("bytes that are no text")
  func notText() {
    let error = #expect(throws: PolicyError.self) {
      try AccessPolicy(
        model: SourceFile(name: "m", bytes: [0x23, 0x0A, 0xC3, 0x28]), policy: SourceFile(name: "p", text: ""))
    }
    #expect(error?.description == "m:2: the line is not UTF-8; save the file as UTF-8")
  }

  @Test(
    "in r, p, g and e",
    arguments: [
      (
        Models.text(request: "sub, act", matcher: "r.sub == p.sub"),
        "model.conf:2:5: a request has three values, subject, object and action, and r names 2; write r = sub, obj, act"
      ),
      (
        Models.text(request: "sub, act, obj", matcher: "r.sub == p.sub"),
        "model.conf:2:5: 'act' is number 2 in r, and a request has it as number 3; write r = sub, obj, act"
      ),
      (
        Models.text(policy: "sub, , act", matcher: "r.sub == p.sub"),
        "model.conf:5:9: '' is no name of a field; separate names of letters, digits and '_' by commas"
      ),
      (
        Models.text(policy: "sub, obj.x, act", matcher: "r.sub == p.sub"),
        "model.conf:5:10: 'obj.x' is no name of a field; separate names of letters, digits and '_' by commas"
      ),
      (
        Models.text(policy: "sub, obj, sub", matcher: "r.sub == p.sub"),
        "model.conf:5:15: there are two fields 'sub'; give each a name of its own"
      ),
      (
        Models.text(policy: (0...16).map { "f\($0)" }.joined(separator: ","), matcher: "r.sub == p.f1"),
        "model.conf:5:5: there are 17 fields; use 16 at most"
      ),
      (
        Models.rbac.split(separator: "g = _, _").joined(separator: "g = _, _, _"),
        "model.conf:8:5: '_, _, _' is no known role definition; "
          + "write g = _, _: who, and the role; roles by domain or condition are not supported"
      ),
      (
        Models.text(effect: "some(where (p.eft == alow))", matcher: "r.sub == p.sub"),
        "model.conf:8:5: 'some(where (p.eft == alow))' is no known effect; \(effects)"
      ),
      (
        Models.text(effect: "subjectPriority(p.eft) || deny", matcher: "r.sub == p.sub"),
        "model.conf:8:5: 'subjectPriority(p.eft) || deny' is no known effect; \(effects)"
      ),
      (
        Models.text(effect: "!some(where (p.eft == deny))", matcher: "r.sub == p.sub"),
        "model.conf:5:5: no line can deny, so that the effect would allow everything to everybody; "
          + "add eft to the fields of p"
      ),
    ])
  func definitions(model: String, message: String) {
    #expect(problem(model: model) == message)
  }

  private static let values = "values are r.sub, r.obj, r.act, p.sub, p.obj, p.act and texts in quotes"
  private static let noQuote =
    "the text has no closing quote; close it; '#' and ';' begin a comment within quotes too"
  private static let functions = "the functions are g, keyMatch, keyMatch2, globMatch"

  @Test(
    "in the matcher",
    arguments: [
      ("r.sub = p.sub", "11:11: '=' is no operator here; write '==' to compare"),
      ("r.sub == p.sub & r.obj == p.obj", "11:20: '&' is no operator here; write '&&'"),
      ("r.sub == p.sub | r.obj == p.obj", "11:20: '|' is no operator here; write '||'"),
      ("r.sub =~ p.sub", "11:11: '=' is no operator here; write '==' to compare"),
      ("r.sub < p.sub", "11:11: '<' is no operator here; the operators are ==, !=, &&, ||, ! and in"),
      ("r.sub é p.sub", "11:11: 'é' is no operator here; the operators are ==, !=, &&, ||, ! and in"),
      ("r.sub and p.sub", "11:11: 'and' stands where a comparison was expected; write ==, != or in after a value"),
      ("r.sub", "11:10: the end stands where a comparison was expected; write ==, != or in after a value"),
      ("r.sub ==", "11:13: the end stands where a value was expected; write r.sub, p.… or a text in quotes"),
      ("r.sub == && p.sub", "11:14: '&&' stands where a value was expected; write r.sub, p.… or a text in quotes"),
      ("r.sub == p.sub r.obj", "11:20: 'r.obj' stands where && or || was expected; join two tests by one of them"),
      ("(r.sub == p.sub", "11:20: the end stands where ')' was expected; close the parenthesis"),
      ("r.sub == p.sub)", "11:19: ')' stands where && or || was expected; join two tests by one of them"),
      ("r.sub == 'root", "11:14: \(noQuote)"),
      (
        "r.sub == 'a#b'", "11:14: \(noQuote)"
      ), ("r.user == p.sub", "11:5: r has no field 'user'; it has r.sub, r.obj, r.act"),
      ("r.sub == p.eft", "11:14: p has no field 'eft'; it has p.sub, p.obj, p.act"),
      ("r.sub.name == p.sub", "11:5: 'r.sub.name' is an attribute of a value; values are texts and have none"),
      ("r2.sub == p.sub", "11:5: 'r2.sub' is of a further definition; decisions are made by r and p alone"),
      ("sub == p.sub", "11:5: 'sub' is no value; \(values)"),
      ("x.sub == p.sub", "11:5: 'x.sub' is no value; \(values)"),
      ("r.sub == 1", "11:14: '1' is no value; \(values)"), ("true", "11:5: 'true' is no value; \(values)"),
      (
        "g(r.sub, p.sub)",
        "11:5: g is called, and the model defines no roles; add a section [role_definition] with g = _, _"
      ), ("g2(r.sub, p.sub)", "11:5: 'g2' is a further role definition; there is one, g"),
      ("regexMatch(r.act, p.act)", "11:5: casbin's regexMatch is not supported; \(functions)"),
      ("eval(p.sub)", "11:5: casbin's eval is not supported; \(functions)"),
      ("same(r.act, p.act)", "11:5: there is no function 'same'; \(functions)"),
      ("keyMatch(r.obj)", "11:19: ')' stands where ',' was expected; keyMatch takes two values"),
      ("keyMatch(r.obj, p.obj, p.act)", "11:26: ',' stands where ')' was expected; keyMatch takes two values"),
      (
        "keyMatch(p.obj, r.obj)",
        "11:21: the pattern of keyMatch comes from the request; let it come from the policy: keyMatch(r.…, p.…)"
      ), ("globMatch(r.obj, '{a')", "11:22: a '{' of the glob '{a' is not closed; close it, or write '\\{'"),
      ("r.act in p.act", "11:14: 'p.act' stands where '(' was expected; write a list: in ('produce', 'consume')"),
      ("r.act in ()", "11:15: ')' stands where a value was expected; write r.sub, p.… or a text in quotes"),
      ("r.act in ('a', 'b'", "11:23: the end stands where ')' was expected; close the list"),
      ("!r.sub == p.sub", "11:6: '!' stands before 'r.sub'; write '!=', or put what is negated in parentheses"),
      ("r.sub == p.sub && \\\n   r.obj = p.obj", "12:10: '=' is no operator here; write '==' to compare"),
      (
        String(repeating: "(", count: 33) + "r.sub == p.sub",
        "11:37: the matcher is nested more than 32 deep; take some parentheses away"
      ),
      (
        String(repeating: "r.sub == p.sub || ", count: 64) + "r.sub == p.sub",
        "11:1157: the matcher has more than 64 tests; move some of it to the policy"
      ),
    ])
  func matcher(text: String, message: String) {
    #expect(problem(model: Models.text(matcher: text)) == "model.conf:\(message)")
  }

  @Test(
    "what a matcher may be written as",
    arguments: [
      "r.sub==p.sub&&r.obj==p.obj&&r.act==p.act", "r.sub == p.sub # goes on, as casbin has it \\\n && p.obj == r.obj",
      "!(r.sub != p.sub) && !keyMatch2(r.obj, '/a/*')", "!!(r.sub == \"it's\")", "((r.sub in [p.sub, 'root']))",
    ])
  func accepted(text: String) {
    #expect(problem(model: Models.text(matcher: text)) == nil)
  }
}
