"""Programs as source code: Python for a point, JavaScript for the browser."""
