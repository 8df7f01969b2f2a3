"""SMS: texts cut into segments, carried by SMPP or by an HTTP gateway."""
