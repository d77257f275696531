# Twin of reject/s2-byte.s, without the fault.
function f
        movb %bpl, %al
        ret
end f
