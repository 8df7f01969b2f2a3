"""Places as people see and set them: stores with their regions and who owns them."""
