// Package draw turns data into lines of text for a terminal. Everything in it is pure: what is drawn depends on the
// only the data, the theme and the space.
//
// Two rules make hostile text harmless. Text becomes part of a line only through [Paint.On] or [Line.Add], which pass
// it through [Safe]; and a [Line] knows how wide it is, so that nothing exceeds the space it was given.
package draw
