"""What the worker does with broadcasts: freeze, plan, watch, take back."""
