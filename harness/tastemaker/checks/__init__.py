"""What can be decided about a reply without a judge. One file a family."""
