"""What a person looks at: the report of a verdict, one offline HTML file."""
