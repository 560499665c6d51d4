"""What crosses between the controller and a worker: plain values, their JSON, and the socket."""
