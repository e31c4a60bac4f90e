"""What theorems say of what was measured, and which rival says less."""
