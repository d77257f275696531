"""Arguments of a wrong type are told so, by name, before anything happens."""


def expect(what: str, value: object, *types: type) -> None:
    """Raises ``TypeError`` unless ``value`` is of one of these types; ``True`` is no number."""
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        names = " or ".join("None" if each is type(None) else each.__name__ for each in types)
        raise TypeError(f"{what}: expected {names}; got {type(value).__name__}")
