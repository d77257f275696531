# Twin of reject/m1-indexed-vex.s, without the fault.
function f
        vmovups %gs:(%eax,%ecx,8), %ymm0
        ret
end f
