"""Work that a page asks for and a worker does: asked once, watched, ended with a result or a sentence."""
