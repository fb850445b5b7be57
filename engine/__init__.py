"""What we load inside the Rasa process: channel, tracker store, responses, and which libraries are absent on purpose."""
