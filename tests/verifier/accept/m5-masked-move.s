# Twin of reject/m5-masked-move.s, without the fault.
function f
        movdqu %xmm0, %xmm1
        ret
end f
