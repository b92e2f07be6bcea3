"""What tests share, imported by name: `from tests.support import screens`."""
