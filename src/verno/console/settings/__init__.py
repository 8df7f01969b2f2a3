"""What the page of settings says and asks: a form a setting, values and codes in words."""
