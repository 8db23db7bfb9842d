package mediavault

import "encoding/json"

// Field is a member of a change. The zero Field leaves what is there as it is.
type Field[T any] struct {
	value T
	state fieldState
}

type fieldState int

const (
	fieldUnset fieldState = iota
	fieldSet
	fieldCleared
)

// Set is a Field that changes the value.
func Set[T any](value T) Field[T] { return Field[T]{value: value, state: fieldSet} }

// Clear is a Field that removes the value: a description, a password, an end.
func Clear[T any]() Field[T] { return Field[T]{state: fieldCleared} }

// IsSet says whether the Field changes anything.
func (f Field[T]) IsSet() bool { return f.state != fieldUnset }

// changes is the JSON object of a change.
type changes map[string]any

// add puts a field in, unless it leaves what is there.
func add[T any](to changes, name string, field Field[T]) {
	switch field.state {
	case fieldSet:
		to[name] = field.value
	case fieldCleared:
		to[name] = json.RawMessage("null")
	case fieldUnset:
	}
}
