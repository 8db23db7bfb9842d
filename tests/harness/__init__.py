"""What the black-box tests stand on: the server as a process, callers, exact bytes, shapes."""
