/// A request, with the symbols of its values.
struct CheckedRequest {
  let subject: Subject
  let object: Object
  let action: Action
  let subjectSymbol: Symbol
  let objectSymbol: Symbol
  let actionSymbol: Symbol

  func symbol(of field: RequestField) -> Symbol {
    switch field {
    case .subject: subjectSymbol
    case .object: objectSymbol
    case .action: actionSymbol
    }
  }

  func text(of field: RequestField) -> String {
    switch field {
    case .subject: subject.text
    case .object: object.text
    case .action: action.text
    }
  }
}
