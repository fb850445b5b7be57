"""What we load inside the Rasa process: channel, tracker store, responses, absent libraries."""
