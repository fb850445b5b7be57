"""Tests of the gateway against in-process doubles of its neighbours."""
