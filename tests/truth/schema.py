"""Validate a value against a JSON Schema: the part of the language that
asyncinspect-1.schema.json uses, and an error for any other part."""
import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "$comment"}


def faults(value, schema, root=None, where="$"):
    """["$.tasks[3].state: 'gone' is not one of ..."], empty when valid."""
    root = schema if root is None else root
    found = []
    for word, rule in schema.items():
        if word in ANNOTATIONS:
            continue
        check = CHECKS.get(word)
        if check is None:
            raise ValueError("%s: the validator does not know %r" % (where, word))
        found += check(value, rule, root, where)
    return found


def summary(found):
    """The faults with those of one kind told once: "schema: ... (and 41 more)"."""
    kinds = {}
    for fault in found:
        kinds.setdefault(re.sub(r"\[\d+\]", "[]", fault), []).append(fault)
    return ["schema: " + faults[0] + (" (and %d more)" % (len(faults) - 1) if faults[1:] else "")
            for faults in kinds.values()]


def _type(value, rule, root, where):
    names = [rule] if isinstance(rule, str) else rule
    if any(TYPES[name](value) for name in names):
        return []
    return ["%s: %.60r is not of type %s" % (where, value, " or ".join(names))]


def _enum(value, rule, root, where):
    return [] if value in rule else ["%s: %.60r is not one of %s" % (where, value, rule)]


def _const(value, rule, root, where):
    return [] if value == rule else ["%s: %.60r is not %r" % (where, value, rule)]


def _pattern(value, rule, root, where):
    if isinstance(value, str) and not re.search(rule, value):
        return ["%s: %.60r does not match %s" % (where, value, rule)]
    return []


def _minimum(value, rule, root, where):
    if TYPES["number"](value) and value < rule:
        return ["%s: %r is less than %r" % (where, value, rule)]
    return []


def _required(value, rule, root, where):
    if not isinstance(value, dict):
        return []
    return ["%s: no %r" % (where, name) for name in rule if name not in value]


def _properties(value, rule, root, where):
    if not isinstance(value, dict):
        return []
    return [fault for name, inner in rule.items() if name in value
            for fault in faults(value[name], inner, root, "%s.%s" % (where, name))]


def _items(value, rule, root, where):
    if not isinstance(value, list):
        return []
    return [fault for index, item in enumerate(value)
            for fault in faults(item, rule, root, "%s[%d]" % (where, index))]


def _any_of(value, rule, root, where):
    attempts = [faults(value, inner, root, where) for inner in rule]
    if any(not attempt for attempt in attempts):
        return []
    # The attempt that came furthest says most: its first fault lies deepest.
    return max(attempts, key=lambda attempt: attempt[0].split(": ")[0].count(".")
               + attempt[0].split(": ")[0].count("["))


def _ref(value, rule, root, where):
    target = root
    for part in rule[2:].split("/"):
        target = target[part]
    return faults(value, target, root, where)


CHECKS = {"type": _type, "enum": _enum, "const": _const, "pattern": _pattern,
          "minimum": _minimum, "required": _required, "properties": _properties,
          "items": _items, "anyOf": _any_of, "$ref": _ref}
