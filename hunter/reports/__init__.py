"""Cost reports: rows with units in their column names, for spreadsheets and scripts."""
