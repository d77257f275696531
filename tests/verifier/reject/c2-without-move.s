# C2. r10 holds whatever it held: the mask keeps it inside, but the pointer is another one; shapes are exact.
function f
        nop
        andl $MASK, %r10d
        cmpl $1, FT+8(%r10)
        jne 1f
bad:    callq *FT(%r10)
        ret
1:      ud2
end f
