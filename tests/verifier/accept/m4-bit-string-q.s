# Twin of reject/m4-bit-string-q.s, without the fault.
function f
        btsq $3, %gs:(%eax)
        ret
end f
