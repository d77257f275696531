# Twin of reject/s2-set-byte.s, without the fault.
function f
        sete %bpl
        ret
end f
