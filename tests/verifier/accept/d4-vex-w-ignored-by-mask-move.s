# Twin of reject/d4-vex-w-ignored-by-mask-move.s, without the fault.
function f
        vmovmskps %xmm1, %ecx
        ret
end f
