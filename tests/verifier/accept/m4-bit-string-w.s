# Twin of reject/m4-bit-string-w.s, without the fault.
function f
        btsw $3, %gs:(%eax)
        ret
end f
