"""Messages that bring down what carries them: watched while they are written, and tried alone ever after."""
