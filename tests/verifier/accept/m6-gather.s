# Twin of reject/m6-gather.s, without the fault.
function f
        vpxor %ymm0, %ymm1, %ymm2
        ret
end f
